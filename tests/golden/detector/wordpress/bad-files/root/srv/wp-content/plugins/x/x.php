<?php
/*
Plugin Name: Without a version
*/
